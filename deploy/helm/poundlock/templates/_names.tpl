{{- define "poundlock.labels" -}}
app.kubernetes.io/name: poundlock
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
