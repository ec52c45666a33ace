"""Exchanges to Scenario: streams unwrapped, causes found, ids and hosts lifted out."""
