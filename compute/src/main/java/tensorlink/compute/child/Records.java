package tensorlink.compute.child;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import tensorlink.compute.tensor.DType;
import tensorlink.compute.tensor.Shape;
import tensorlink.compute.tensor.Tensor;

/**
 * Turns records into bytes and back, for two processes of the same program.
 *
 * <p>What is read is decided by the declared type alone: no class is ever named in the bytes. A
 * record is its components in order; a sealed interface the place of the class among those
 * permitted; an enum its name. Tensors are only described, their values travel behind. Every record
 * checks itself as it is made, and nothing is allocated that the bytes at hand cannot hold.
 */
final class Records {
    private static final ClassValue<Form> FORMS =
            new ClassValue<>() {
                @Override
                protected Form computeValue(Class<?> type) {
                    return Form.of(type);
                }
            };

    private Records() {}

    /** How a record is taken apart and put together. */
    private record Form(List<Method> accessors, List<Type> types, Constructor<?> constructor) {
        static Form of(Class<?> record) {
            var accessors = new ArrayList<Method>();
            var types = new ArrayList<Type>();
            var raw = new ArrayList<Class<?>>();
            for (var component : record.getRecordComponents()) {
                var accessor = component.getAccessor();
                accessor.setAccessible(true);
                accessors.add(accessor);
                types.add(component.getGenericType());
                raw.add(component.getType());
            }
            try {
                var constructor = record.getDeclaredConstructor(raw.toArray(new Class<?>[0]));
                constructor.setAccessible(true);
                return new Form(accessors, types, constructor);
            } catch (NoSuchMethodException everyRecordHasIt) {
                throw new IllegalStateException(everyRecordHasIt);
            }
        }
    }

    // Writing.

    /**
     * The bytes of {@code value}.
     *
     * @param tensors gets the tensors in it, in order
     */
    static <T> byte[] encode(Class<T> type, T value, List<Tensor> tensors) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            write(type, value, out, tensors);
        } catch (IOException memoryNeverFails) {
            throw new IllegalStateException(memoryNeverFails);
        }
        return bytes.toByteArray();
    }

    private static void write(
            Type type, @Nullable Object value, DataOutputStream out, List<Tensor> tensors)
            throws IOException {
        if (type == Tensor.class) {
            writeTensor((Tensor) value, out, tensors);
            return;
        }
        switch (value) {
            case null -> throw new IllegalArgumentException("null for " + type);
            case Integer number -> out.writeInt(number);
            case Long number -> out.writeLong(number);
            case Float number -> out.writeFloat(number);
            case Double number -> out.writeDouble(number);
            case Boolean flag -> out.writeBoolean(flag);
            case String text -> {
                var utf8 = text.getBytes(StandardCharsets.UTF_8);
                out.writeInt(utf8.length);
                out.write(utf8);
            }
            case Enum<?> constant -> write(String.class, constant.name(), out, tensors);
            case Optional<?> held -> {
                out.writeBoolean(held.isPresent());
                if (held.isPresent()) {
                    write(argument(type, 0), held.get(), out, tensors);
                }
            }
            case OptionalLong held -> {
                out.writeBoolean(held.isPresent());
                out.writeLong(held.orElse(0));
            }
            case List<?> items -> {
                out.writeInt(items.size());
                for (var item : items) {
                    write(argument(type, 0), item, out, tensors);
                }
            }
            case Map<?, ?> entries -> {
                out.writeInt(entries.size());
                for (var entry : entries.entrySet()) {
                    write(argument(type, 0), entry.getKey(), out, tensors);
                    write(argument(type, 1), entry.getValue(), out, tensors);
                }
            }
            case Record record -> {
                if (type instanceof Class<?> declared && declared.isSealed()) {
                    out.writeByte(kinds(declared).indexOf(record.getClass()));
                }
                var form = FORMS.get(record.getClass());
                for (int i = 0; i < form.types().size(); i++) {
                    write(form.types().get(i), part(form, i, record), out, tensors);
                }
            }
            default -> throw new IllegalArgumentException(type + " does not travel");
        }
    }

    private static @Nullable Object part(Form form, int index, Record record) {
        try {
            return form.accessors().get(index).invoke(record);
        } catch (IllegalAccessException | InvocationTargetException accessible) {
            throw new IllegalStateException(accessible);
        }
    }

    private static void writeTensor(
            @Nullable Tensor tensor, DataOutputStream out, List<Tensor> tensors)
            throws IOException {
        out.writeBoolean(tensor != null);
        if (tensor != null) {
            write(DType.class, tensor.dtype(), out, tensors);
            write(Shape.class, tensor.shape(), out, tensors);
            tensors.add(tensor);
        }
    }

    // Reading.

    /**
     * The value that was written.
     *
     * @param tensors gets the tensors in it, in order, with any values; the caller's, also when
     *     this fails
     * @param tensorBytesMax of all of them together
     * @throws IOException when the bytes are not those of such a value
     */
    static <T> T decode(Class<T> type, byte[] bytes, List<Tensor> tensors, long tensorBytesMax)
            throws IOException {
        var reading = new Reading(bytes, tensors, tensorBytesMax);
        try {
            return Objects.requireNonNull(type.cast(reading.read(type)));
        } catch (IllegalArgumentException | ClassCastException malformed) {
            throw new IOException("malformed " + type.getSimpleName(), malformed);
        }
    }

    private static final class Reading {
        private final DataInputStream in;
        private final List<Tensor> tensors;
        private long tensorBytes;

        Reading(byte[] bytes, List<Tensor> tensors, long tensorBytesMax) {
            this.in = new DataInputStream(new ByteArrayInputStream(bytes));
            this.tensors = tensors;
            this.tensorBytes = tensorBytesMax;
        }

        private @Nullable Object read(Type type) throws IOException {
            if (type instanceof ParameterizedType generic) {
                return readGeneric(generic);
            }
            var declared = (Class<?>) type;
            if (declared == Tensor.class) {
                return in.readBoolean() ? readTensor() : null;
            } else if (declared == int.class || declared == Integer.class) {
                return in.readInt();
            } else if (declared == long.class || declared == Long.class) {
                return in.readLong();
            } else if (declared == float.class) {
                return in.readFloat();
            } else if (declared == double.class || declared == Double.class) {
                return in.readDouble();
            } else if (declared == boolean.class) {
                return in.readBoolean();
            } else if (declared == String.class) {
                var utf8 = new byte[count()];
                in.readFully(utf8);
                return new String(utf8, StandardCharsets.UTF_8);
            } else if (declared == OptionalLong.class) {
                boolean present = in.readBoolean();
                long value = in.readLong();
                return present ? OptionalLong.of(value) : OptionalLong.empty();
            } else if (declared.isEnum()) {
                return constant(declared, (String) read(String.class));
            } else if (declared.isSealed()) {
                return readRecord(pick(kinds(declared)));
            } else if (declared.isRecord()) {
                return readRecord(declared);
            }
            throw new IllegalArgumentException(type + " does not travel");
        }

        private Object readGeneric(ParameterizedType type) throws IOException {
            if (type.getRawType() == Optional.class) {
                return in.readBoolean()
                        ? Optional.ofNullable(read(argument(type, 0)))
                        : Optional.empty();
            }
            int count = count();
            if (type.getRawType() == List.class) {
                var items = new ArrayList<@Nullable Object>(count);
                for (int i = 0; i < count; i++) {
                    items.add(read(argument(type, 0)));
                }
                return items;
            }
            if (type.getRawType() == Map.class) {
                var entries = new LinkedHashMap<@Nullable Object, @Nullable Object>();
                for (int i = 0; i < count; i++) {
                    entries.put(read(argument(type, 0)), read(argument(type, 1)));
                }
                return entries;
            }
            throw new IllegalArgumentException(type + " does not travel");
        }

        private static Object constant(Class<?> type, @Nullable String name) {
            for (var constant : type.getEnumConstants()) {
                if (((Enum<?>) constant).name().equals(name)) {
                    return constant;
                }
            }
            throw new IllegalArgumentException("no " + type.getSimpleName() + " is " + name);
        }

        /** How much is to come, each of which takes at least a byte. */
        private int count() throws IOException {
            int count = in.readInt();
            if (count < 0 || count > in.available()) {
                throw new IOException(count + " items in " + in.available() + " bytes");
            }
            return count;
        }

        private <E> E pick(List<E> all) throws IOException {
            int index = in.readUnsignedByte();
            if (index >= all.size()) {
                throw new IOException("kind " + index + " of " + all.size());
            }
            return all.get(index);
        }

        private Object readRecord(Class<?> type) throws IOException {
            var form = FORMS.get(type);
            var parts = new @Nullable Object[form.types().size()];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = read(form.types().get(i));
            }
            try {
                return form.constructor().newInstance(parts);
            } catch (InvocationTargetException refused) {
                throw new IOException("malformed " + type.getSimpleName(), refused.getCause());
            } catch (InstantiationException | IllegalAccessException accessible) {
                throw new IllegalStateException(accessible);
            }
        }

        private Tensor readTensor() throws IOException {
            var dtype = (DType) read(DType.class);
            var shape = (Shape) read(Shape.class);
            if (dtype == null || shape == null || shape.elements() > tensorBytes / dtype.bytes()) {
                throw new IOException(
                        "a tensor of " + dtype + " " + shape + ", limit " + tensorBytes + " bytes");
            }
            tensorBytes -= shape.elements() * dtype.bytes();
            var tensor = Tensor.allocate(dtype, shape);
            tensors.add(tensor);
            return tensor;
        }
    }

    private static List<Class<?>> kinds(Class<?> declared) {
        return List.of(declared.getPermittedSubclasses());
    }

    private static Type argument(Type type, int index) {
        return ((ParameterizedType) type).getActualTypeArguments()[index];
    }
}
