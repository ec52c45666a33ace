"""The Bayeux protocol as CometD practises it; knows no Genesys, no YAML and no network."""
