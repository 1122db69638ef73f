"""Patrons: customer segmentation, churn and customer value as a series of notebooks."""

__version__ = "0.1.0"
