"""Has the world moved since the champion was trained?"""
