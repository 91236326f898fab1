"""The live channel: pictures that follow the hand, over WebSocket or POST.

| endpoint | the client sends | the server answers |
|---|---|---|
| ``GET /live/models`` | – | JSON list of the models |
| ``GET /live/models/{name}`` | – | JSON facts of one model |
| ``GET /live/models/{name}/codes`` | – | float32 n × d: posterior means of the held-out images |
| ``GET /live/models/{name}/labels`` | – | uint16 n: classes of the held-out images |
| ``GET /live/models/{name}/map?map=ID`` | – | float32 n × 2: those codes on a map |
| ``GET /live/models/{name}/frames?map=ID&from=K`` | – | that map forming, from frame K on |
| ``GET /live/models/{name}/values?by=B`` | – | a number for each of those images |
| ``GET /live/models/{name}/quality?map=ID`` | – | JSON: how far a map can be believed |
| ``GET /live/models/{name}/density?map=ID&…`` | – | the points of a map, counted in bins |
| ``GET /live/models/{name}/points?map=ID&…`` | – | the points in a part of a map, or some of them |
| ``GET /live/runs/{name}/points?after=B`` | – | JSON: a training's points, from byte B on |
| ``WS, POST /live/models/{name}/decode`` | float32 z, n × d | uint8 pixels, n × H × W × C |
| ``WS, POST /live/models/{name}/encode`` | uint8 pixels, n × H × W × C | float32 n × 2 × d |
| ``WS, POST /live/models/{name}/place?map=ID`` | float32 z, n × d | float32 n × 3: x, y, spread |
| ``WS, POST /live/models/{name}/nearest?k=K`` | float32 z, n × d | float32 n × K × 2 |
| ``WS, POST /live/models/{name}/images`` | uint32 rows, n | uint8 pixels, n × H × W × C |
| ``WS, POST /live/models/{name}/codes`` | uint32 rows, n | float32 n × d: those codes only |
| ``WS, POST /live/models/{name}/posteriors`` | uint32 rows, n | float32 n × 2 × d |
| ``WS, POST /live/models/{name}/similar?k=K`` | uint32 rows, n | float32 K × 2 |
| ``POST /live/models/{name}/selection?format=F`` | uint32 rows, n | a file: ``csv`` or ``npz`` |
| ``GET /live/runs/{name}/snapshots?from=K`` | – | a training in pictures, from snapshot K on |
| ``GET /live/runs/{name}/places`` | – | its codes on one plane, snapshot by snapshot |

Numbers are little-endian, 1 ≤ n ≤ 1024 (fewer where the images of 1024 rows would exceed 16 MiB;
for ``similar`` and ``selection`` up to all rows that there are);
``encode`` and ``posteriors`` answer each image's posterior mean, then its log-variance. The facts
of a model say what its ``posterior`` is: ``gaussian``, or ``point`` in an autoencoder. There its
code is the mean, the log-variance is -30 and stands for none, and ``kl`` is null.
``nearest`` answers the K held-out codes nearest to each z: their rows in ``codes`` and their
Euclidean distances, nearest first; K is 1 to 64, no more than there are codes, and 1 if not given.
``images`` answers the held-out images that rows of ``codes`` encode, where the data set's files are
at hand.

``place`` answers x, y and the spread of the places of the nearest codes, a fraction of the map's
span. On raw and PCA maps the place is exact, by formula, and the spread 0. On t-SNE and UMAP maps
it is continuous: no jumps as z moves, within a millisecond. With ``exact=1`` (0 if not given) it is
on t-SNE maps where t-SNE itself puts z: about 10 ms, and it may jump; the spread is the same.

``similar`` answers the K images (1 to 64, 1 if not given; fewer if there are no more) that are not
among the rows and are nearest to any of them: their rows and distances, nearest first. With
``space=codes`` (if not given) it is the Euclidean distance of codes, with ``space=pixels`` the root
mean square difference of pixel values in 0–1. Of more than 64 rows 64 are compared, evenly thinned.
``selection`` answers labels, posterior means and log-variances of those,
to be saved as a file (see :mod:`vae.serve.exports`).

``values`` answers float32 low and high, then a uint16 for each image: 0 to 65534 go evenly from
low to high, 65535 is none. B is ``kl`` (nats; not where codes are points), ``reconstruction``
(-log p(x|z) for one draw of z, nats), ``length`` (‖μ‖), ``z:J`` (μ_J, J from 0) or ``factor:NAME``
(a known cause of the images).

``density`` and ``points`` take a part of the map, its borders included, as ``x0``, ``x1``, ``y0``
and ``y1``, each up to 1e9. ``density`` takes ``w`` and ``h`` (1 to 1024) and answers uint32 counts
of w × h bins, row by row from the top (the largest y), then each bin's most frequent class, uint16
(65535: empty bin), or with ``by=B`` the mean of that number in each bin, as ``values`` writes them.
``points`` takes ``most`` (1 to 50000) and answers uint32 how many points there are and how many of
them follow, then their rows (uint32), their x and y (float32 pairs) and their classes (uint16).
Where there are more than ``most`` it is an even sample, always the same, and a smaller part of the
map keeps what a larger one shows of it.

``frames`` answers uint32 n, the first frame's number, how many follow (as many as fit 8 MiB; none
if there are no more by now) and the iterations of the whole fit; then of each frame uint32
iteration, float32 KL in nats (NaN: not known), float32 x low, x high, y low, y high, and n places
as uint16 pairs, 0 to 65535 across that box. A fit at work answers what it has so far; without
``from`` they begin at 0. 404 where no frames were kept.

``runs/{name}/points`` answers ``points``, lines of the run's ``metrics.jsonl`` (256 KiB of them at
most), ``next``, what to ask ``after`` the next time (0 to begin), ``more``, whether there are more
already, and ``first``, to be sent along as ``&first=``: where the run was trained anew meanwhile,
or its file is shorter than B, the answer begins at the beginning again and its ``after`` is 0.

``snapshots`` and ``places`` answer while a training runs and afterwards; what follows what in their
bytes stands in :mod:`vae.serve.timeline`. Without ``from`` they begin at 0; one answer holds about
8 MiB, and 404 says that a run has no snapshots. ``places`` holds m, n (uint32) and m × n × 2
float32: of one or two dimensions the codes themselves, of more the last snapshot's on its principal
axes and each before it aligned to its successor, so that points do not jump.

A WebSocket answers each binary frame with one binary frame, in order; a frame it cannot use gets
one text frame ``{"error": "…"}`` and the connection stays usable. ``POST`` answers the same as JSON
with status 400; ``GET`` with 400 if the question cannot be read, 404 if nothing answers it. An
unknown model is 404, another site's page (``Origin``, ``Sec-Fetch-Site``) 403, on a WebSocket
before it is accepted.
"""
