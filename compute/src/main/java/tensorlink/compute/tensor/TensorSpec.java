package tensorlink.compute.tensor;

/** A tensor of a model by name, without its values. */
public record TensorSpec(String name, DType dtype, Shape shape) {

    public long byteSize() {
        return Math.multiplyExact(shape.elements(), dtype.bytes());
    }
}
