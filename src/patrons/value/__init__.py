"""What are they worth, and whom do we contact?"""
