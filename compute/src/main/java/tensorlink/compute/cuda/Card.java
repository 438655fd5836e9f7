package tensorlink.compute.cuda;

/**
 * A card.
 *
 * @param name as its maker calls it
 * @param memoryBytes of its own
 * @param capability which instructions it knows, as {@code 9.0}
 */
public record Card(String name, long memoryBytes, String capability) {}
