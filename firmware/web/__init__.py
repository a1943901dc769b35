"""The station's pages and API: requests to commands, answers to responses. No socket here."""
