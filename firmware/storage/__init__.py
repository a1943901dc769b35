"""What lasts, as tables: migrations, and rows to and from the words of the model. No I/O."""
