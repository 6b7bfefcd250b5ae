"""The parts of the page: what it shows and computes, apart from Streamlit wherever that is possible."""
