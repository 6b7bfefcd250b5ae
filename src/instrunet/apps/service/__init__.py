"""The HTTP service behind ``instrunet serve``, in parts; what the page needs of it too lies here."""
