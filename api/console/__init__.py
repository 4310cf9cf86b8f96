"""The web console's built files. They are public: what a person may see comes from the API."""
