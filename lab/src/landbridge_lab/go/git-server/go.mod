module landbridge.dev/lab/git-server

go 1.26.0
