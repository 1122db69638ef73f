"""What do stakeholders read?"""
