// SPDX-License-Identifier: Apache-2.0
#include "cgi/pages/template.h"

#include <ctemplate/template.h>
#include <ctemplate/template_dictionary.h>
#include <ctemplate/template_emitter.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/fnv.h"

using ctemplate::TemplateDictionary;
using ctemplate::TemplateString;

namespace
{

TemplateDictionary *dict(struct template_dict *d)
{
    return reinterpret_cast<TemplateDictionary *>(d);
}

struct template_dict *face(TemplateDictionary *d)
{
    return reinterpret_cast<struct template_dict *>(d);
}

/* Length of a character at s that must not be shown as it is, else 0: C0 but tab and newline, DEL,
 * C1, and the marks of direction U+061C, U+200E, U+200F, U+202A-202E, U+2066-2069 (UAX 9), and
 * U+FFFE, U+FFFF, which XML 1.0 forbids (2.2). */
size_t unfit(const unsigned char *s)
{
    if ((s[0] < 0x20 && s[0] != '\t' && s[0] != '\n') || s[0] == 0x7f)
        return 1;
    if ((s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c))
        return 2;
    if (s[0] == 0xe2 && s[1] == 0x80 &&
        (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xaa && s[2] <= 0xae)))
        return 3;
    if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
        return 3;
    return s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe ? 3 : 0;
}

/* Most values hold nothing unfit: those are passed on without a copy of our own. */
template <typename Set> void with_clean(const char *value, Set set)
{
    const unsigned char *s = reinterpret_cast<const unsigned char *>(value ? value : "");
    size_t n = 0;
    while (s[n] && !unfit(s + n))
        n++;
    if (!s[n]) {
        set(TemplateString(reinterpret_cast<const char *>(s), n));
        return;
    }
    std::string clean;
    for (size_t i = 0; s[i];) {
        size_t bad = unfit(s + i);
        clean.append(bad ? "\xef\xbf\xbd" : reinterpret_cast<const char *>(s + i), bad ? 3 : 1);
        i += bad ? bad : 1;
    }
    set(TemplateString(clean.data(), clean.size()));
}

class Emitter : public ctemplate::ExpandEmitter
{
  public:
    explicit Emitter(struct buf *b) : out(b)
    {
    }
    void Emit(char c) override
    {
        buf_add_char(out, c);
    }
    void Emit(const std::string &s) override
    {
        buf_add(out, s.data(), s.size());
    }
    void Emit(const char *s) override
    {
        buf_add(out, s, strlen(s));
    }
    void Emit(const char *s, size_t len) override
    {
        buf_add(out, s, len);
    }

  private:
    struct buf *out;
};

std::string read_all(const std::filesystem::path &path)
{
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path &folder)
{
    std::vector<std::filesystem::path> files;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file())
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

int load_one(const std::filesystem::path &path, uint64_t *h, struct err *e)
{
    std::string ext = path.extension(), text = read_all(path);
    if (ext != ".html" && ext != ".svg" && ext != ".atom")
        return 0;
    *h = fnv_add(*h, text.data(), text.size());
    if (text.rfind("{{%AUTOESCAPE context=\"", 0) != 0)
        return err_set(e, ERR_INPUT, "template %s does not start with AUTOESCAPE",
                       path.filename().c_str());
    if (!ctemplate::LoadTemplate(path.filename().string(), ctemplate::STRIP_BLANK_LINES))
        return err_set(e, ERR_INPUT, "template %s cannot be parsed", path.filename().c_str());
    return 0;
}

} // namespace

extern "C" {

struct template_dict *template_new(void)
{
    return face(new TemplateDictionary("page"));
}

void template_free(struct template_dict *page)
{
    delete dict(page);
}

void template_set(struct template_dict *d, const char *key, const char *value)
{
    with_clean(value, [&](const TemplateString &v) { dict(d)->SetValue(key, v); });
}

void template_set_int(struct template_dict *d, const char *key, long value)
{
    dict(d)->SetIntValue(key, value);
}

void template_set_global(struct template_dict *page, const char *key, const char *value)
{
    with_clean(value, [&](const TemplateString &v) { dict(page)->SetTemplateGlobalValue(key, v); });
}

struct template_dict *template_section(struct template_dict *d, const char *name)
{
    return face(dict(d)->AddSectionDictionary(name));
}

void template_show(struct template_dict *d, const char *name)
{
    dict(d)->ShowSection(name);
}

struct template_dict *template_include(struct template_dict *d, const char *name, const char *file)
{
    TemplateDictionary *child = dict(d)->AddIncludeDictionary(name);
    child->SetFilename(file);
    return face(child);
}

int template_load(const char *share, char hash[17], struct err *e)
{
    uint64_t h = FNV_START;
    try {
        const std::filesystem::path top(share);
        ctemplate::Template::SetTemplateRootDirectory((top / "templates").string());
        for (const auto &path : files_of(top / "templates"))
            if (load_one(path, &h, e))
                return -1;
        for (const auto &path : files_of(top / "static")) {
            const std::string text = read_all(path);
            h = fnv_add(h, text.data(), text.size());
        }
    } catch (const std::exception &x) {
        err_set(e, ERR_SYSTEM, "cannot read the templates");
        return err_detail(e, x.what(), static_cast<long>(strlen(x.what())));
    }
    snprintf(hash, 17, "%016llx", static_cast<unsigned long long>(h));
    return 0;
}

int template_expand(const char *file, struct template_dict *page, struct buf *out, struct err *e)
{
    try {
        Emitter emitter(out);
        if (ctemplate::ExpandTemplate(file, ctemplate::STRIP_BLANK_LINES, dict(page), &emitter))
            return 0;
    } catch (const std::exception &x) {
        err_set(e, ERR_SYSTEM, "template %s failed", file);
        return err_detail(e, x.what(), static_cast<long>(strlen(x.what())));
    }
    return err_set(e, ERR_INPUT, "template %s cannot be expanded", file);
}

} // extern "C"
