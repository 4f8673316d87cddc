"""The training of the generator and the discriminator of digits."""
