// A registry in memory, as far as generated scripts ask for it. It behaves as Microsoft.Win32.RegistryKey does on Windows:
// names compare without case; GetValue answers null, and GetValueKind Unknown, for types that .NET does not know.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Win32;

namespace Memory
{
    public sealed class Datum
    {
        public int Type;
        public byte[] Bytes;
    }

    public sealed class Node
    {
        public readonly SortedDictionary<string, Node> Keys = new(StringComparer.OrdinalIgnoreCase);
        public readonly SortedDictionary<string, Datum> Values = new(StringComparer.OrdinalIgnoreCase);
        // Nobody may open it; or it is about to be deleted, and .NET says that it is not there.
        public bool Denied, Gone;

        public Node Find(string path, bool create)
        {
            var node = this;
            foreach (var name in path.Split('\\'))
            {
                if (!node.Keys.TryGetValue(name, out var next))
                {
                    if (!create) return null;
                    node.Keys.Add(name, next = new Node());
                }
                node = next;
            }
            return node;
        }

        // Every key and value below, a line each, for comparisons.
        public void List(string path, List<string> lines)
        {
            foreach (var (name, value) in Values) lines.Add((path + "|" + name).ToUpperInvariant() + "|" + value.Type + "|" + Convert.ToHexString(value.Bytes));
            foreach (var (name, key) in Keys)
            {
                lines.Add((path + "\\" + name).ToUpperInvariant());
                key.List(path + "\\" + name, lines);
            }
        }
    }

    public sealed class RegistryKey : IDisposable
    {
        public static Node Root = new();
        // Writes so far, and after how many every other is refused (none where it is negative).
        public static int Writes;
        public static int Allowed = -1;

        readonly Node node;
        readonly bool writable;

        RegistryKey(Node node, bool writable) { this.node = node; this.writable = writable; }

        static void Write(bool allowed = true)
        {
            if (!allowed || Allowed == 0) throw new UnauthorizedAccessException("Access is denied.");
            if (Allowed > 0) Allowed--;
            Writes++;
        }

        public static RegistryKey OpenBaseKey(RegistryHive hive, RegistryView view)
        {
            if (view != RegistryView.Registry64) throw new NotSupportedException("the 64-bit view alone");
            var name = hive switch
            {
                RegistryHive.LocalMachine => "HKEY_LOCAL_MACHINE",
                RegistryHive.Users => "HKEY_USERS",
                _ => throw new NotSupportedException(hive.ToString()),
            };
            return new RegistryKey(Root.Find(name, true), true);
        }

        public void Dispose() { }

        public RegistryKey OpenSubKey(string path)
        {
            var found = node.Find(path, false);
            if (found != null && found.Denied) throw new System.Security.SecurityException("Requested registry access is not allowed.");
            return found == null || found.Gone ? null : new RegistryKey(found, false);
        }

        // Of a key that was opened to be written in.
        public RegistryKey OpenSubKey(string path, bool writing)
        {
            var found = node.Find(path, false);
            return found == null ? null : new RegistryKey(found, writing);
        }

        public RegistryKey CreateSubKey(string path)
        {
            if (node.Find(path, false) == null) Write();
            return new RegistryKey(node.Find(path, true), true);
        }

        public string[] GetSubKeyNames() => node.Keys.Keys.ToArray();
        public string[] GetValueNames() => node.Values.Keys.ToArray();

        public RegistryValueKind GetValueKind(string name)
        {
            if (!node.Values.TryGetValue(name, out var value)) throw new IOException("There is no such value.");
            return value.Type switch
            {
                0 => RegistryValueKind.None,
                1 or 2 or 3 or 4 or 7 or 11 => (RegistryValueKind)value.Type,
                _ => RegistryValueKind.Unknown,
            };
        }

        public object GetValue(string name, object otherwise, RegistryValueOptions options)
        {
            if (!node.Values.TryGetValue(name, out var value)) return otherwise;
            if ((options & RegistryValueOptions.DoNotExpandEnvironmentNames) == 0 && value.Type == 2) throw new NotSupportedException("expanded");
            switch (value.Type)
            {
                case 0: case 3: case 5: return value.Bytes;
                case 4: return BitConverter.ToInt32(Padded(value.Bytes, 4));
                case 11: return BitConverter.ToInt64(Padded(value.Bytes, 8));
                case 1: case 2: return Text(value.Bytes);
                case 7:
                    var all = Encoding.Unicode.GetString(value.Bytes);
                    var parts = all.Split('\0').ToList();
                    while (parts.Count > 0 && parts[^1] == "") parts.RemoveAt(parts.Count - 1);
                    return parts.ToArray();
                default: return null;
            }
        }

        public object GetValue(string name) => GetValue(name, null, RegistryValueOptions.DoNotExpandEnvironmentNames);

        static byte[] Padded(byte[] bytes, int length) => bytes.Concat(new byte[length]).Take(length).ToArray();

        static string Text(byte[] bytes)
        {
            var text = Encoding.Unicode.GetString(bytes);
            return text.EndsWith('\0') ? text[..^1] : text;
        }

        public void SetValue(string name, object data, RegistryValueKind kind)
        {
            Write(writable);
            var bytes = kind switch
            {
                RegistryValueKind.None or RegistryValueKind.Binary => (byte[])data,
                RegistryValueKind.String or RegistryValueKind.ExpandString => Encoding.Unicode.GetBytes((string)data + "\0"),
                RegistryValueKind.MultiString => Encoding.Unicode.GetBytes(string.Concat(((string[])data).Select(text => text + "\0")) + "\0"),
                RegistryValueKind.DWord => BitConverter.GetBytes((int)data),
                RegistryValueKind.QWord => BitConverter.GetBytes((long)data),
                _ => throw new ArgumentException("kind " + kind),
            };
            node.Values[name] = new Datum { Type = kind == RegistryValueKind.None ? 0 : (int)kind, Bytes = bytes };
        }

        public void DeleteValue(string name, bool complain)
        {
            Write(writable);
            if (!node.Values.Remove(name) && complain) throw new ArgumentException("There is no such value.");
        }

        public void DeleteValue(string name) => DeleteValue(name, true);

        public void DeleteSubKeyTree(string path, bool complain)
        {
            Write(writable);
            var cut = path.LastIndexOf('\\');
            var above = cut < 0 ? node : node.Find(path[..cut], false);
            if ((above == null || !above.Keys.Remove(path[(cut + 1)..])) && complain) throw new ArgumentException("There is no such key.");
        }
    }
}
