"""The pages of this room: what waits, four eyes, the trail, exports, policy parameters."""
