"""A script's pipe, open to others: the gRPC API at a socket, and the HTTP API before that. PipeRT2's two wrappers.

Where things are: rpc and api are the wrappers, control is the server of gRPC, and http_child a process for HTTP that
ends with its script.
"""
