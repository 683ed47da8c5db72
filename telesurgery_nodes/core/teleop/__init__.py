"""Hand to tool: clutch and alignment machine, displacement mapping, jaw follower. Pure; `now` is always an argument."""
