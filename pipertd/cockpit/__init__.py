"""The HTTP API: a client of the daemon's in a process of its own, ``pipertd-http``.

It holds nothing of the daemon's and may die at any time. May import only ``client``, ``rpc``, names, errors and
``harmless``. Needs the extra ``http``.

- What it is asked: ``routing`` says what a route is; ``pipelines``, ``definitions``, ``events``, ``status``, ``logs``,
  ``quarantine`` and ``taps`` have those of /v1, a noun a file, ``pipert`` those of PipeRT2 (with ``pipert_pipeline``
  and ``pipert_events``), ``pages`` what describes them.
- How it is read and answered: ``reading``, ``body``, ``rpcs``; ``writing``, ``messages``, ``problem``, ``sse`` with
  ``following``, ``held``.
- Who may ask: ``gate``, ``passage``, ``tokens``, ``origins``, ``limits``, ``connection``, ``seldom``.
- The process: ``__main__``, ``settings``, ``application``, ``server``.
- Written ahead: ``openapi.json`` and ``docs.html``, by ``document``, which nothing that runs imports.
"""
