"""What a person does to the fleet: make a hub, let clusters join and leave, list them. Nothing here runs by itself."""
