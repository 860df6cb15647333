"""Keeps flows alive: starts them, watches them, restarts them, stops them, and records what happened.

Called by control, by ``pipertd serve`` and by ``pipertd run``. It owns all changing state of the daemon, on one asyncio
loop and therefore without a lock. May not import grpc, control or daemon; user code is never imported here.

Where things are, from the whole to the parts:

- all pipelines: supervisor, pipelines, reload, adoption, hearing; channel, answers, handlers
- one pipeline: pipeline, intervention, renewal, stopping, order
- its runs: runs, run, segments, arrangement, admission, figures, counts, tap
- one flow: flow, lifecycle, diagram; restart, death, guilt, failure, evidence, notices
- what is seen of it: sight, hoarding, watch, contact
- its processes: spawn, credentials, generation, attendant, standby, settling
- any process: gate, launcher, launch, posix_spawn, zygote, warm, stacks, strays, procfs
- its limits: resources, cgroups, cgroup, delegation
- for the next daemon: manifest, contradiction, recording, custody, survivors, adopted
- for everybody: view, history, message_ids, notice_file, whole, aside, surroundings, pulse, alarm; lock, leftovers
"""
