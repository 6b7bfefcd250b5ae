"""The product: array to Tags, file to Tags, folder to rows; and the writers."""
