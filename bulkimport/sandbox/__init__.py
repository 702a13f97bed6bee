"""An honest imitation of the Orgvue service, written from the API description alone.

It shares no code with the client: two independent readings of one description are what makes either a check of
the other.
"""
