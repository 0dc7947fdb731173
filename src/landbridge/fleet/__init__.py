"""What a fleet is: a cluster and its Secret, the record, accounts with their rules and tokens."""
