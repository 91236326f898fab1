"""The live channel: pictures that follow the hand, over WebSocket or POST.

| endpoint | the client sends | the server answers |
|---|---|---|
| ``GET /live/models`` | – | JSON list of the models |
| ``GET /live/models/{name}`` | – | JSON facts of one model |
| ``GET /live/models/{name}/codes`` | – | float32 n × d: posterior means of the held-out images |
| ``GET /live/models/{name}/labels`` | – | uint16 n: classes of the held-out images |
| ``GET /live/models/{name}/map?map=ID`` | – | float32 n × 2: those codes on a map |
| ``WS, POST /live/models/{name}/decode`` | float32 z, n × d | uint8 pixels, n × H × W × C |
| ``WS, POST /live/models/{name}/encode`` | uint8 pixels, n × H × W × C | float32 n × 2 × d |
| ``WS, POST /live/models/{name}/place?map=ID`` | float32 z, n × d | float32 n × 3: x, y, spread |
| ``WS, POST /live/models/{name}/nearest?k=K`` | float32 z, n × d | float32 n × K × 2 |
| ``WS, POST /live/models/{name}/images`` | uint32 rows, n | uint8 pixels, n × H × W × C |
| ``WS, POST /live/models/{name}/codes`` | uint32 rows, n | float32 n × d: those codes only |

Numbers are little-endian, 1 ≤ n ≤ 1024 (fewer where the images of 1024 rows would exceed 16 MiB);
``encode`` answers each image's posterior mean, then its log-variance. ``nearest`` answers the K
held-out codes nearest to each z: their rows in ``codes`` and their Euclidean distances, nearest
first; K is 1 to 64, no more than there are codes, and 1 if not given. ``images`` answers the
held-out images that rows of ``codes`` encode, where the data set's files are at hand.

A WebSocket answers each binary frame with one binary frame, in order; a frame it cannot use gets
one text frame ``{"error": "…"}`` and the connection stays usable. ``POST`` answers the same as JSON
with status 400. An unknown model is 404, a foreign ``Origin`` 403, on a WebSocket before it is
accepted.
"""
