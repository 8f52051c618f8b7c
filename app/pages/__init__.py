"""Pages in the visitor's language, and the form fields on them."""
