"""What does the data show?"""
