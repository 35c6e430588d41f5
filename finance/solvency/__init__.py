"""The nightly proof of what we owe to players, under one root that everybody may keep (N08).

Doors: `nightly.publish` makes tonight's proof, `nightly.of` gives a player his own, and
`nightly.register_open` hands up what higher rooms still owe. `sumtree` is the arithmetic,
`nightfile` the file in which a night's tree lies.
"""
