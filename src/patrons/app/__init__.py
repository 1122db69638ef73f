"""The pages of the app (`serving/app.py`); they need Streamlit, of the extra `serve`."""
