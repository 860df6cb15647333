"""PipeRT2's demo of a video as a script: ``python -m pipertd.examples.grey_video``.

``grey_video.yaml`` beside it does the same under the daemon, or with ``pipertd run``.
"""

from __future__ import annotations

from multiprocessing import Value

from pipertd import START_EVENT_NAME, Pipe, Wire
from pipertd.examples.grey_video_routines import Dst, Mid, Src

src = Src(name="SRC")
mid = Mid(name="MID")
dst = Dst(name="DST", seen=Value("i", 0))

pipe = Pipe()
pipe.create_flow("Flow1", True, src, mid)
pipe.create_flow("Flow2", False, dst)
pipe.link(Wire(source=mid, destinations=(dst,)))
pipe.build()

pipe.notify_event(START_EVENT_NAME)
pipe.join()
assert dst.seen is not None, "it was made with one"
print(f"{dst.seen.value} frames are at their destination")
