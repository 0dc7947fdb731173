"""What a person's command looks at, and what it says of that: facts are read, then judged, then shown."""
