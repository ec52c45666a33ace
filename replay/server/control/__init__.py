"""What is under `/__replay/`: the simulator looked at and steered from outside; one file a resource."""
