"""``landbridge fleet ...``: which clusters belong together."""

from __future__ import annotations

from cyclopts import App

from landbridge.cli.fleet.debts import debts
from landbridge.cli.fleet.destroy import destroy
from landbridge.cli.fleet.init import init
from landbridge.cli.fleet.join import join
from landbridge.cli.fleet.leave import leave
from landbridge.cli.fleet.list import list_members
from landbridge.cli.fleet.sweep import sweep

app = App(name="fleet", help="Which clusters belong together: make a hub, let clusters join and leave, list them.")
app.command(init)
app.command(join)
app.command(leave)
app.command(list_members, name="list")
app.command(debts)
app.command(sweep)
app.command(destroy)
