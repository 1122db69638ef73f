"""Who will not buy again?"""
