package tensorlink.node.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import tensorlink.jobs.worker.Worker;
import tensorlink.node.DeviceChoice.Missed;
import tensorlink.node.Node;

/**
 * Meters of what a node computes on, from when they are bound until this is closed, which removes
 * them:
 *
 * <ul>
 *   <li>{@code tensorlink.device.memory}: bytes, by device and kind: lent, free or, of a card,
 *       total
 *   <li>{@code tensorlink.device.fallback}: 1 for the reason why a worker that may compute on a
 *       card does not, 0 for the other reasons: driver, kernels or version
 * </ul>
 */
public final class DeviceMetrics implements AutoCloseable {
    private final MeterRegistry registry;
    private final List<Meter> meters = new ArrayList<>();

    private DeviceMetrics(Node node, MeterRegistry registry) {
        this.registry = registry;
        watch(node);
        node.others().forEach(this::watch);
        for (var reason : Missed.values()) {
            boolean missed =
                    node.device().flatMap(device -> device.missed()).stream()
                            .anyMatch(reason::equals);
            var tags = Tags.of("reason", reason.name().toLowerCase(Locale.ROOT));
            gauge("tensorlink.device.fallback", "", tags, () -> missed ? 1 : 0);
        }
    }

    /** Adds the meters of {@code node}, and of those of its other devices, to {@code registry}. */
    public static DeviceMetrics bind(Node node, MeterRegistry registry) {
        return new DeviceMetrics(node, registry);
    }

    private void watch(Node node) {
        if (node.device().isEmpty() || node.worker().isEmpty()) {
            return;
        }
        var device = node.device().get();
        var worker = node.worker().get();
        var name = device.device().toString();
        memory(name, "lent", () -> worker.capability().memoryBytes());
        memory(name, "free", () -> free(worker));
        device.card().ifPresent(card -> memory(name, "total", card::memoryBytes));
    }

    private static long free(Worker worker) {
        return worker.capability().freeBytes();
    }

    private void memory(String device, String kind, Supplier<Number> bytes) {
        gauge("tensorlink.device.memory", "bytes", Tags.of("device", device, "kind", kind), bytes);
    }

    private void gauge(String name, String unit, Tags tags, Supplier<Number> value) {
        meters.add(
                Gauge.builder(name, value)
                        .baseUnit(unit.isEmpty() ? null : unit)
                        .tags(tags)
                        .register(registry));
    }

    /** Removes the meters; the node goes on. */
    @Override
    public void close() {
        meters.forEach(registry::remove);
    }
}
