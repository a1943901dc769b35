"""Programs for the bench and for development; none of them is part of the product."""
