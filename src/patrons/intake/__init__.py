"""Any file: clean tables, or a sentence that says why not."""
