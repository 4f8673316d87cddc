"""Train the networks that no package carries."""

from exporters.cli.train_embedder import embedder
from exporters.cli.train_gan import gan
from facegrid.cli.command import group

train = group(__doc__, [gan, embedder], name="train")
