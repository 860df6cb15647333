"""Pipelines that ship with pipertd: definitions, and the routines in them as any author would write them."""
