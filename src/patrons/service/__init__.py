"""What the REST API is made of. `serving/api.py` puts it together; it needs the extra `serve`."""
