"""How sure is that?"""
