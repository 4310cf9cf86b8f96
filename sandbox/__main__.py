"""`python -m sandbox`: a local Messenger on its own port."""

import argparse
import logging
from pathlib import Path

from base.http.local_only import LocalOnly
from base.http.server import serve
from sandbox.app import create_app
from sandbox.config import Config


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(
        prog="sandbox", description="A local Messenger Platform, and a page to write on."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="a name of this machine, beside localhost"
    )
    parser.add_argument("--port", type=int, default=9600)
    parser.add_argument("--ledger", type=Path, metavar="DIR", help="append meta.jsonl and graph.jsonl there")
    parser.add_argument("--state", type=Path, metavar="FILE", help="remember everything there, over restarts")
    parser.add_argument(
        "--clock-url", metavar="URL", help='take the time from there: GET answers {"now_ms": …}'
    )
    parser.add_argument("--seed", type=int, help="draw the same ids every time")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = Config(
        ledger_dir=given.ledger, state_file=given.state, clock_url=given.clock_url, seed=given.seed
    )
    app = LocalOnly(create_app(config), given.name)
    serve(app, host=given.host, port=given.port, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
