"""Quick counts of damage: asked of communes, given on a phone within the hour, added up for the province."""
