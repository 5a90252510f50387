"""The console's screens: everything that a person does with the record, from the keyboard."""
