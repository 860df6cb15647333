"""pipertctl: the command line. One file a command group; a gRPC client of the daemon and nothing more.

Imports of rich, grpc and the definitions happen inside the commands that need them, so that each starts quickly. May
import only the client, the definitions (for check), names and errors.
"""
