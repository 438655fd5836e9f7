package tensorlink.p2p.core;

import java.io.IOException;

/** A scope of this host is full; nothing was taken. */
public final class ResourceLimitException extends IOException {
    private static final long serialVersionUID = 1;

    private final String scope;
    private final Resource resource;
    private final long value;
    private final long limit;

    /**
     * @param value what the scope would have held
     */
    public ResourceLimitException(String scope, Resource resource, long value, long limit) {
        super(scope + " would hold " + value + " " + resource + ", limit " + limit);
        this.scope = scope;
        this.resource = resource;
        this.value = value;
        this.limit = limit;
    }

    /** Which scope, as in {@link ResourceUse#scope}. */
    public String scope() {
        return scope;
    }

    public Resource resource() {
        return resource;
    }

    public long value() {
        return value;
    }

    public long limit() {
        return limit;
    }
}
