"""What describes a customer on a day?"""
