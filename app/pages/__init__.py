"""What the browser is given: pages in the visitor's language, and the fields that they lay out."""
